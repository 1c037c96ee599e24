"""Where the parts are joined: the workspace, and one file per command."""
