"""The vault: write-once stores of originals and of derivatives."""
