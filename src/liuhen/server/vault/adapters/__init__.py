"""One file per kind of store; the local one spreads over private modules."""
