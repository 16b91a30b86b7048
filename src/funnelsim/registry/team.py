"""A team: the company, its size and its economics."""

from __future__ import annotations

from funnelsim.registry.variable import CURRENCY, SUMMARY, Variable

# What all seats of a segment, or of the company, book together. A team's quota is the sum of those
# of its seats; the company books what segments with a quota of bookings do.
COMPANY = (
    Variable("team_attainment_probability", SUMMARY, "float64", "1",
             "P(bookings of all seats of the segment >= the sum of their quotas)"),
    Variable("team_bookings_mean", SUMMARY, "float64", CURRENCY,
             "mean bookings of all seats of the segment"),
    Variable("team_bookings_sd", SUMMARY, "float64", CURRENCY,
             "standard deviation of the bookings of all seats of the segment"),
    Variable("team_bookings_quantile", (*SUMMARY, "probability"), "float64", CURRENCY,
             "bookings of all seats of the segment that fall short of it with this probability"),
    Variable("plan_probability", ("quarter",), "float64", "1", "P(company bookings >= target)"),
    Variable("company_bookings_mean", ("quarter",), "float64", CURRENCY, "mean company bookings"),
    Variable("company_bookings_sd", ("quarter",), "float64", CURRENCY,
             "standard deviation of company bookings"),
    Variable("company_bookings_quantile", ("quarter", "probability"), "float64", CURRENCY,
             "company bookings that fall short of it with this probability"),
    Variable("plan_shortfall_given_miss_mean", ("quarter",), "float64", CURRENCY,
             "mean of target - company bookings where the target was missed"),
)  # fmt: skip

# What fs.team returns beside COMPANY and P(attain). segment: also "company", all seats with a quota
# of bookings. Shares are of the seats that count: from the quarter in which they are filled first,
# empty ones too. band: of quota; cause: what the plan is held against, the same worlds without it.
TEAM = (
    Variable("attaining_share_quantile", (*SUMMARY, "probability"), "float64", "1",
             "share of seats attaining that is not exceeded with this probability"),
    Variable("attaining_share_probability", (*SUMMARY, "share"), "float64", "1",
             "P(at least this share of seats attain)"),
    Variable("band_share", (*SUMMARY, "band"), "float64", "1",
             "mean share of seats whose bookings lie there, in percent of their quota"),
    Variable("filled_mean", SUMMARY, "float64", "1", "mean share of weeks with a rep in seat"),
    Variable("productive_mean", SUMMARY, "float64", "1",
             "mean productivity of a seat: below 1 in a ramp, 0 while empty"),
    Variable("bookings_by_source_mean", (*SUMMARY, "source"), "float64", CURRENCY,
             "mean bookings by where deals came from; they sum to those of the team"),
    Variable("over_assignment", ("quarter",), "float64", "1",
             "quotas of the seats of day 0 over the target of the company"),
    Variable("plan_needs_largest_deal_probability", ("quarter",), "float64", "1",
             "share of the quarters that made the plan which miss it without their largest deal"),
    Variable("plan_needs_best_rep_probability", ("quarter",), "float64", "1",
             "share of the quarters that made the plan which miss it without the seat that booked "
             "most"),
    Variable("effect_on_plan_probability", ("cause", "quarter"), "float64", "1",
             "P(plan) less that of the same worlds without the cause, paired"),
    Variable("effect_on_company_bookings_mean", ("cause", "quarter"), "float64", CURRENCY,
             "mean company bookings less those of the same worlds without the cause, paired"),
)  # fmt: skip

# What fs.compare returns where plans are teams: these by scenario, (scenario, ...), of quarters
# and, "year_" + name, of years; name + "_difference" is what each is less that of the first one.
# segment: those that all plans have.
COMPARED_BY_PERIOD = tuple(
    each
    for each in COMPANY
    if each.name.startswith(("plan_", "company_")) or each.name == "team_attainment_probability"
)
_OF_HORIZON = (
    Variable("horizon_plan_probability", (), "float64", "1",
             "P(company bookings >= target) of a quarter of the horizon picked at random"),
    Variable("horizon_bookings_mean", (), "float64", CURRENCY,
             "mean company bookings of the whole horizon"),
)  # fmt: skip
COMPARED_TEAMS = tuple(
    Variable(year + each.name + suffix,
             ("scenario", *("year" if year and dim == "quarter" else dim for dim in each.dims)),
             each.dtype, each.unit, f"{each.meaning}{of_year}{less}")
    for variables, year, of_year in (
        (_OF_HORIZON, "", ""),
        (COMPARED_BY_PERIOD, "", ""),
        (COMPARED_BY_PERIOD, "year_", ", of a year"),
    )
    for each in variables
    for suffix, less in (("", ""), ("_difference", ", less that of the first scenario, paired"))
    if year or suffix or variables is _OF_HORIZON
)  # fmt: skip

# What fs.headcount, fs.capacity, fs.cushion, fs.next_step and fs.diversification return. segment:
# what grows, one of them alone or, "company", all in proportion; period: quarters or years; reps:
# in seat on day 0; certainty: P(plan) asked for; effort: activity, over the plan's; risk: see each;
# step: what might be done next.
GROWN = ("segment", "certainty")
HIRED = ("segment", "hire_week", "certainty")
SIZING = (
    Variable("period_plan_probability", ("period",), "float64", "1",
             "P(company bookings >= target) of the plan as it is"),
    Variable("headcount_now", ("segment",), "int64", "1", "seats filled on day 0"),
    Variable("headcount_needed", GROWN, "float64", "1",
             "fewest seats on day 0 with which P(plan) is what is asked for"),
    Variable("headcount_interval", (*GROWN, "bound"), "float64", "1",
             "95 % interval of that number"),
    Variable("headcount_plan_probability", GROWN, "float64", "1",
             "P(plan) with them; with the most tried where none is enough"),
    Variable("headcount_split", GROWN, "float64", "1",
             "how the company's divide among segments in proportion"),
    Variable("size_plan_probability", ("segment", "reps"), "float64", "1",
             "P(plan) with so many seats on day 0; in the period in which it is lowest"),
    Variable("hires_needed", HIRED, "float64", "1",
             "fewest further reps, hired and ramping from that week on, that do the same"),
    Variable("hires_interval", (*HIRED, "bound"), "float64", "1", "95 % interval of that number"),
    Variable("hires_plan_probability", HIRED, "float64", "1",
             "P(plan) with them; with the most tried where none is enough"),

    Variable("capacity_plan_probability", ("effort", "reps"), "float64", "1",
             "P(plan) with so many seats on day 0 and so many times the activity; in the period in "
             "which it is lowest"),

    Variable("cushion_plan_probability", ("risk", "reps", "over_assignment"), "float64", "1",
             "P(plan) of a team of that size at that over-assignment"),
    Variable("cushion_needed", ("risk", "reps", "certainty"), "float64", "1",
             "sum of quotas over target at which P(plan) is what is asked for"),

    Variable("step_plan_probability_change", ("step",), "float64", "1",
             "change of P(plan), paired"),
    Variable("step_bookings_mean_change", ("step",), "float64", CURRENCY,
             "change of mean company bookings of the period, paired"),
    Variable("step_worth_in_reps", ("step",), "float64", "1",
             "change of P(plan) over that by one more rep where he helps most"),
    Variable("step_cost", ("step",), "float64", "cost",
             "what is paid in the period beyond the plan, or what was stated for the step"),
    Variable("step_cost_per_point", ("step",), "float64", "cost",
             "what a hundredth of P(plan) costs that way"),

    Variable("risk_plan_probability", ("risk", "reps"), "float64", "1",
             "P(bookings of a team of that size >= the share asked for of the sum of its quotas)"),
    Variable("risk_bookings_cv", ("risk", "reps"), "float64", "1",
             "standard deviation of a team's bookings over mean"),
)  # fmt: skip

# What fs.economics returns beside mean bookings, and fs.contribution from contribution_by_year_mean
# on. segment: also "company"; item: kinds of cost; addition: one more "rep" or "SDR", hired in week
# 0; months since then, by year, month by quarter; measure: what is held against its cost, which is
# "bookings" and the margin "earned" so far, the "lifetime" margin of these bookings, or at the "run
# rate" the last quarter's bookings over its cost; times: multiples of the cost; scenario: a plan.
ADDITION = ("segment", "addition")
ECONOMICS = (
    Variable("cost_mean", (*SUMMARY, "item"), "float64", CURRENCY, "mean cost of selling, by kind"),
    Variable("selling_cost_mean", SUMMARY, "float64", CURRENCY, "mean cost of selling, all kinds"),
    Variable("earned_margin_mean", SUMMARY, "float64", CURRENCY,
             "mean gross margin from what was booked since day 0; older customers are left out"),
    Variable("lifetime_margin_mean", SUMMARY, "float64", CURRENCY,
             "mean gross margin of the whole lifetime of what was booked, discounted"),
    Variable("contribution_mean", SUMMARY, "float64", CURRENCY,
             "mean margin earned less cost of selling"),
    Variable("contribution_quantile", (*SUMMARY, "probability"), "float64", CURRENCY,
             "margin earned less cost of selling: what falls short of it with this probability"),
    Variable("loss_probability", SUMMARY, "float64", "1", "P(margin earned < cost of selling)"),
    Variable("cost_of_sale", SUMMARY, "float64", "1",
             "mean cost of selling over mean bookings: the CAC ratio"),
    Variable("cost_of_sale_quantile", (*SUMMARY, "probability"), "float64", "1",
             "cost of selling over bookings, draw by draw: what exceeds it otherwise"),
    Variable("cac_payback_months", SUMMARY, "float64", "months",
             "12 * mean cost of selling over the mean gross margin of a year of what was booked"),
    Variable("lifetime_to_cost", SUMMARY, "float64", "1",
             "mean lifetime margin over mean cost of selling: LTV to CAC"),
    Variable("commission_sd", SUMMARY, "float64", CURRENCY, "standard deviation of commission"),
    Variable("commission_quantile", (*SUMMARY, "probability"), "float64", CURRENCY,
             "commission that is not exceeded with this probability"),
    Variable("commission_budget", ("quarter",), "float64", CURRENCY,
             "the company's budget: as asked for, or the variable pay of all seats at quota"),
    Variable("budget_exceeded_probability", ("quarter",), "float64", "1",
             "P(commission of the company > budget)"),
    Variable("budget_excess_mean", ("quarter",), "float64", CURRENCY,
             "mean of commission - budget where it was exceeded"),

    Variable("seat_cost_at_quota", ("segment",), "float64", CURRENCY,
             "a year of a filled seat at quota: OTE with on-costs, and overhead"),
    Variable("gross_retention", ("segment",), "float64", "1",
             "share of revenue that is there a year later, without expansion"),
    Variable("net_retention", ("segment",), "float64", "1",
             "revenue of the same customers a year later, as a share"),
    Variable("lifetime_margin_of_1", ("segment",), "float64", "1",
             "lifetime gross margin of bookings of 1, discounted"),

    Variable("vacant_weeks_mean", ("segment",), "float64", "weeks",
             "mean weeks a quarter that seats of leavers are empty"),
    Variable("vacancy_bookings_per_week", ("segment",), "float64", CURRENCY,
             "mean bookings lost within the horizon for a week that a seat is empty, paired"),
    Variable("vacancy_cost_per_week", ("segment",), "float64", CURRENCY,
             "lifetime margin of these less costs saved, for a week that a seat is empty, paired"),
    Variable("vacancy_cost_mean", ("segment",), "float64", CURRENCY,
             "lifetime margin lost less costs saved a quarter by seats of leavers, paired"),

    Variable("addition_bookings_mean", (*ADDITION, "months"), "float64", CURRENCY,
             "mean bookings that one more seat adds by then"),
    Variable("addition_cost_mean", (*ADDITION, "months"), "float64", CURRENCY,
             "mean cost that one more seat adds by then"),
    Variable("return_of_means", (*ADDITION, "months", "measure"), "float64", "1",
             "mean return of one more seat over its mean cost"),
    Variable("return_quantile", (*ADDITION, "months", "measure", "probability"), "float64", "1",
             "return over cost, draw by draw: what falls short of it with this probability"),
    Variable("return_probability", (*ADDITION, "months", "measure", "times"), "float64", "1",
             "P(one more seat returns at least so many times its cost)"),
    Variable("addition_net_mean", (*ADDITION, "month"), "float64", CURRENCY,
             "mean margin earned less cost of one more seat, since it was hired"),
    Variable("addition_net_quantile", (*ADDITION, "month", "probability"), "float64", CURRENCY,
             "margin earned less cost since the hire: what falls short of it so often"),
    Variable("payback_probability", (*ADDITION, "month"), "float64", "1",
             "P(margins earned made up for all costs at the end of a quarter by then)"),
    Variable("payback_quantile", (*ADDITION, "probability"), "float64", "months",
             "months until margins earned first make up for all costs"),

    Variable("contribution_by_year_mean", ("scenario", "year"), "float64", CURRENCY,
             "mean margin earned less cost of selling, of the company in the year"),
    Variable("contribution_total_mean", ("scenario",), "float64", CURRENCY,
             "mean margin earned less cost of selling over the horizon"),
    Variable("contribution_total_quantile", ("scenario", "probability"), "float64", CURRENCY,
             "margin earned less cost of selling over the horizon: what falls short of it with "
             "this probability"),
    Variable("contribution_total_difference", ("scenario",), "float64", CURRENCY,
             "mean contribution over the horizon less that of the first plan, paired"),
    Variable("contribution_ahead_probability", ("scenario",), "float64", "1",
             "P(a higher contribution over the horizon than the first plan in the same world): "
             "depends on the shared luck"),
    Variable("value_mean", ("scenario",), "float64", CURRENCY,
             "mean lifetime margin of what was booked less cost of selling, over the horizon"),
    Variable("value_difference", ("scenario",), "float64", CURRENCY,
             "mean lifetime margin less cost, less that of the first plan, paired"),
    Variable("cash_mean", ("scenario", "quarter"), "float64", CURRENCY,
             "mean margin earned less cost of selling since day 0"),
    Variable("cash_quantile", ("scenario", "quarter", "probability"), "float64", CURRENCY,
             "margin earned less cost of selling since day 0: what falls short of it so often"),
    Variable("funding_quantile", ("scenario", "probability"), "float64", CURRENCY,
             "how far costs ever run ahead of margins: the money that a plan takes until it pays"),
    Variable("filled_seats_mean", ("scenario", "quarter"), "float64", "1",
             "mean number of seats with a rep"),
)  # fmt: skip
