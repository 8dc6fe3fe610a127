"""The only code that touches the world; each module implements one port. Only `wiring.py` names them."""
