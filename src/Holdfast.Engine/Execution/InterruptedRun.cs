using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Engine.Execution;

/// <summary>
/// Reports at which step of its plan a run was interrupted and, for a restore, what is restored and what is not.
/// </summary>
internal static class InterruptedRun
{
    /// <summary>Completes the problem of an interruption.</summary>
    /// <param name="problem">The problem that the interruption itself reports.</param>
    /// <param name="plan">The plan of the run.</param>
    /// <param name="done">The number of completed steps.</param>
    /// <param name="undone">The numbers, from 1, of the steps that an undo rolls back.</param>
    public static Problem Describe(Problem problem, Plan plan, int done, IReadOnlySet<int> undone)
    {
        var place = done < plan.Steps.Count ? $"at step {done + 1} of {plan.Steps.Count}, '{plan.Steps[done].Name}'" : "after its last step";
        var located = problem with { Message = $"The {plan.Verb} was interrupted {place}." };
        if (plan.Verb != "restore") return located;
        List<string> kept = [], lacking = [];
        foreach (var (index, step) in plan.Steps.Index().Where(entry => entry.Item.Component is not null))
            (index < done && !undone.Contains(index + 1) ? kept : lacking).Add($"'{step.Name}'");
        return located with
        {
            Hint = "Pending undos were completed. Run the same restore again for what is listed as not complete; '--only' leaves out the rest.",
            Details =
            [
                $"Complete, and in effect: {Named(kept)}.",
                $"Not complete: {Named(lacking)}.{(done < plan.Steps.Count ? Remains(plan.Steps[done]) : "")}",
            ],
        };
    }

    private static string Named(List<string> steps) => steps.Count == 0 ? "nothing" : string.Join(", ", steps);

    private static string Remains(Step step) => step.Remains is { } sentence ? $" {sentence}" : "";
}
