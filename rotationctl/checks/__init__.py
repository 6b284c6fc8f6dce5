"""The checks of `rotationctl check` that ask AWS, how all of them are run, and how they are shown.

Names, layers and titles are the doctor's: `secret_rotation.doctor.catalogue`.
"""
