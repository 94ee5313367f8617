

aRelub

bRelua

yRelua