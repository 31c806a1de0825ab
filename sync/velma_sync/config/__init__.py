"""What the admin wrote, checked as a whole before anything is started."""
