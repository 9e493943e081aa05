"""The demonstration: the main job on real input, on this machine, with throwaway keys."""
