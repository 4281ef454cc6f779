"""Films, folders of photos and cameras: from a source of frames to annotated films and records.

    with hpe.open_source("walk.mp4") as source:
        outputs = hpe.Outputs(record=Path("walk.jsonl"), video=Path("walk-poses.mp4"))
        summary = hpe.run_film(source, hpe.load_network(), outputs)

inputs -> sources -> engine -> tracking -> video, record; `job` runs all of them.
"""
