"""`python -m napari_spatialmed` is `spatialmed`."""

from napari_spatialmed.cli import main

if __name__ == "__main__":
    main()
