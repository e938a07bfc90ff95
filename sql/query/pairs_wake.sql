-- Brings orders forward whose pair has been let go.
select bridge.pairs_wake() as woken
