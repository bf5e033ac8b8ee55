"""The commands of the station, one file each; `liuhen.cli` loads just the one that was asked for."""
