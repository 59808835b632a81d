"""python -m regression_model"""

from .cli import main

if __name__ == "__main__":
    main()
