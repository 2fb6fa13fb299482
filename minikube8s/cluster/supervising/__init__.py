"""The daemons as processes: started, stopped, found, and run by systemd."""
