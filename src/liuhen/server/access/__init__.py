"""View tickets and playback: nobody reads content without a live ticket (articles 16 and 17)."""
