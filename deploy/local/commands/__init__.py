"""The commands of `ebbtide`, one a module; each has a function `command`."""
