"""The only code that touches the world; each port is implemented here. Only `wiring/` names what is in it."""
