"""What reads media. It runs in a child process (`media.sandbox`) and believes nothing that a file says of itself.

Each tool takes the open file and a folder, writes at most one file into the folder and returns plain JSON; a file that
it cannot use raises `RefusedError`. Nothing here knows Django, the vault or where the file came from.
"""
