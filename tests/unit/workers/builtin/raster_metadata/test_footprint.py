import numpy as np
import pytest
from affine import Affine
from rasterio.crs import CRS
from rasterio.warp import transform
from shapely.geometry import Point, shape

from workers.builtin.raster_metadata import footprint


def _utm(zone: int) -> CRS:
    return CRS.from_epsg(32600 + zone)


def _pixels(left: float, top: float, size: float) -> Affine:
    return Affine.translation(left, top) @ Affine.scale(size, -size)


def test_it_cuts_a_box_at_the_antimeridian() -> None:
    found = footprint.of_box(west=170, south=-10, east=190, north=10)
    assert found is not None
    assert footprint.geojson(found)["type"] == "MultiPolygon"
    assert footprint.bbox(found) == [170.0, -10.0, -170.0, 10.0]
    assert found.area == pytest.approx(400)


@pytest.mark.parametrize(
    ("west", "east", "expected"),
    [
        (0, 360, [-180.0, 180.0]),
        (-0.5, 359.5, [-180.0, 180.0]),
        (200, 330, [-160.0, -30.0]),
        (-190, -170, [170.0, -170.0]),
        (-180, 180, [-180.0, 180.0]),
        (10, 200, [10.0, -160.0]),
        (180, 200, [-180.0, -160.0]),
        (350, 370, [-10.0, 10.0]),
    ],
)
def test_it_brings_longitudes_of_any_turn_home(west: float, east: float, expected: list[float]) -> None:
    found = footprint.of_box(west=west, south=0, east=east, north=1)
    assert found is not None
    assert [footprint.bbox(found)[0], footprint.bbox(found)[2]] == expected
    assert found.area == pytest.approx(min(east - west, 360))


def test_it_clips_latitudes_to_the_poles() -> None:
    assert footprint.bbox(footprint.of_box(west=0, south=-91, east=1, north=91)) == [0.0, -90.0, 1.0, 90.0]


def test_it_keeps_the_curve_of_a_projected_edge() -> None:
    found = footprint.of_grid(
        transform=_pixels(300_000, 8_000_000, 1000), width=400, height=400, crs=_utm(31)
    )
    assert found is not None
    (lon,), (lat,) = transform(_utm(31), "EPSG:4326", [500_000], [7_999_000])
    assert found.contains(Point(lon, lat))


def test_it_cuts_a_utm_scene_at_the_antimeridian() -> None:
    found = footprint.of_grid(transform=_pixels(100_000, 100_000, 1000), width=200, height=100, crs=_utm(1))
    assert found is not None
    west, south, east, north = footprint.bbox(found)
    assert 179 < west < 180
    assert -179 < east < -177
    assert found.area < 2
    assert (south, north) == pytest.approx((0, 0.9), abs=0.1)


def test_it_covers_the_pole_inside_a_polar_grid() -> None:
    polar = CRS.from_epsg(3995)
    found = footprint.of_grid(transform=_pixels(-1e6, 1e6, 1e4), width=200, height=200, crs=polar)
    assert found is not None
    west, south, east, north = footprint.bbox(found)
    assert (west, east, north) == (-180.0, 180.0, 90.0)
    assert 76 < south < 78


def test_it_leaves_out_the_corners_around_a_pole() -> None:
    found = footprint.of_grid(
        transform=_pixels(-1e6, 1e6, 1e4), width=200, height=200, crs=CRS.from_epsg(3995)
    )
    assert found is not None
    # Near a corner, and where the edge is nearest to the pole.
    assert found.contains(Point(45, 77.5))
    assert not found.contains(Point(0, 77.5))
    assert found.contains(Point(0, 89.999))


@pytest.mark.parametrize(
    ("epsg", "left", "top", "inside", "outside"),
    [
        # A corner at the pole.
        (3995, 0, 0, (45, 85), (-45, 85)),
        (3031, 0, 0, (135, -85), (-135, -85)),
        # The pole in the middle of an edge, and not quite there.
        (3995, -5e5, 0, (-30, 88), (150, 88)),
        (3995, -4.3e5, 0, (-30, 88), (150, 88)),
        # Just beyond an edge, and just inside.
        (3995, -4.3e5, -1, (-30, 88), (150, 88)),
        (3995, -4.3e5, 1e4, (-30, 88), (150, 88)),
    ],
)
def test_it_places_tiles_that_touch_a_pole(
    epsg: int, left: float, top: float, inside: tuple[float, float], outside: tuple[float, float]
) -> None:
    found = footprint.of_grid(
        transform=_pixels(left, top, 1e4), width=100, height=100, crs=CRS.from_epsg(epsg)
    )
    assert found is not None
    assert found.is_valid
    assert found.contains(Point(inside))
    assert not found.contains(Point(outside))


def test_it_follows_a_rotated_grid() -> None:
    rotated = Affine.translation(10, 10) @ Affine.rotation(45)
    found = footprint.of_grid(transform=rotated, width=2, height=2, crs=CRS.from_epsg(4326))
    assert found is not None
    assert found.area == pytest.approx(4)
    assert len(footprint.geojson(found)["coordinates"][0]) == 5


def test_it_finds_no_footprint_off_the_earth() -> None:
    grid = _pixels(1e30, 1e30, 1)
    assert footprint.of_grid(transform=grid, width=10, height=10, crs=_utm(31)) is None


@pytest.mark.parametrize(
    "grid",
    [
        Affine(7.636277437804871e40, 0, -8.081326496041508e41, 0, -0.1, 10),
        Affine(0.1, 0, 1e30, 0, -0.1, 10),
    ],
)
def test_it_takes_longitudes_far_beyond_the_earth_for_none(grid: Affine) -> None:
    assert footprint.of_grid(transform=grid, width=100, height=100, crs=CRS.from_epsg(4326)) is None


@pytest.mark.parametrize(("west", "south"), [(1e30, 0), (-1e5, 0), (0, 200)])
def test_it_takes_boxes_far_beyond_the_earth_for_none(west: float, south: float) -> None:
    assert footprint.of_box(west=west, south=south, east=west + 1, north=south + 1) is None


def test_it_wraps_a_swath_across_the_antimeridian() -> None:
    lons, lats = np.array([179.0, -179, 179, -179, np.nan]), np.array([0.0, 0, 1, 1, 5])
    found = footprint.of_points(lons=lons, lats=lats)
    assert found is not None
    assert footprint.bbox(found) == [179.0, 0.0, -179.0, 1.0]
    assert found.area == pytest.approx(2)


@pytest.mark.parametrize(
    ("west", "north", "kind"), [(190, 1, "Point"), (190, 2, "LineString"), (170, 1, "MultiLineString")]
)
def test_it_knows_boxes_without_an_area(west: float, north: float, kind: str) -> None:
    found = footprint.of_box(west=west, south=1, east=190, north=north)
    assert footprint.geojson(found)["type"] == kind
    assert footprint.bbox(found)[2] == -170


def test_it_accepts_a_single_position() -> None:
    found = footprint.of_points(lons=np.array([190.0]), lats=np.array([1.0]))
    assert found is not None
    assert footprint.geojson(found) == {"type": "Point", "coordinates": [-170.0, 1.0]}


def test_it_turns_outer_rings_counter_clockwise() -> None:
    document = footprint.geojson(footprint.of_box(west=170, south=0, east=190, north=1))
    assert all(polygon.exterior.is_ccw for polygon in shape(document).geoms)
