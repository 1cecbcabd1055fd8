namespace Holdfast.Engine.Planning;

/// <summary>A step as <c>--plan --json</c> and the journal show it: all but the act. The deadline is in seconds.</summary>
public sealed record PlannedStep(string Name, string Does, string? Component, bool Destroys, double? Deadline, Undo? Undo)
{
    public static PlannedStep Of(Step step) => new(step.Name, step.Does, step.Component, step.Destroys, step.Deadline?.TotalSeconds, step.Undo);
}
