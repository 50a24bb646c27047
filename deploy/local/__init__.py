"""The whole product on one machine, real servers included, and the command `ebbtide`."""
