"""How events are written on the wire: one file a tracker."""
