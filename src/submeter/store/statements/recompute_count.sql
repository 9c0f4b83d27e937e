-- How many calls would change, and their cost before and after; what stands for them is another statement of ours.
SELECT
    count() AS calls,
    toFloat64(sum(toDecimal128(ifNull(old_cost, 0), 18))) AS before_usd,
    toFloat64(sum(toDecimal128(ifNull(usd, 0), 18))) AS after_usd
$rows
