"""What people must fill in: residents at the public door, staff on their desks."""
