
:
xPlaceholder*
dtype0*
shape:
&
dDepthToSpacex*

block_size
&
ySpaceToDepthd*

block_size