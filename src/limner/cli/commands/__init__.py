"""The folder is the list of commands: one file each, its one public name the command."""
