"""`ebbtide import`: a file of events through the collector, in order, resumable, and the same twice."""
