"""What is found out from here by the values of a secret and by logins: it takes the right to read, and a driver."""
