namespace Holdfast.Cli.Output.Events;

/// <summary>A package that failed. The list is shown as a table, so it has no lines of its own.</summary>
/// <param name="Id">The first column.</param>
/// <param name="Values">All columns by their names; a NULL is absent.</param>
internal sealed record PackageEvent(string? Id, IReadOnlyDictionary<string, string> Values) : OutputEvent;
