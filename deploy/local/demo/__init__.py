"""`ebbtide demo`: a made-up company's fourteen months, then its days live on a scaled clock."""
