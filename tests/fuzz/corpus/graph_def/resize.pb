
C
xPlaceholder*
dtype0*$
shape:ÿÿÿÿÿÿÿÿÿ
#
nConst*
valueB:
.
rResizeBilinearxn*
align_corners(
:
yResizeNearestNeighborrn*
half_pixel_centers(