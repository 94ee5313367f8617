
C
xPlaceholder*
dtype0*$
shape:ÿÿÿÿÿÿÿÿÿ
J
pMaxPoolx*
ksize
*
strides
*
paddingSAME
6
yAvgPoolp*
ksize
*
paddingVALID