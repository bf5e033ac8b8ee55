"""The signed intake receipt: what a station holds in its hand when a recording is sealed."""
