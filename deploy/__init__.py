"""How Ebbtide is run: on this machine, in containers."""
