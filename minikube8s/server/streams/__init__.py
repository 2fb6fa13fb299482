"""exec, attach and port-forward over WebSocket and SPDY/3.1.

A request is upgraded (`upgrade`); its client is then a WebSocket with channels (`channels`) or a
SPDY connection with streams (`connection`, over the codec in `spdy`); a relay (`relay`) carries
bytes between it and the node's agent.
"""
