"""What we ask: questions, the ways to answer them, and the heads that learn."""

from os import environ

# Threads of OpenMP, which LightGBM and scikit-learn use, spin while they wait. Where cores are
# shared with other work that makes learning many times slower; it must be said before either loads.
environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
