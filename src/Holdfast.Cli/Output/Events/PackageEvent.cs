using Holdfast.Components.Postgres.Connection;

namespace Holdfast.Cli.Output.Events;

/// <summary>A package that failed. The list is shown as a table, so it has no lines of its own.</summary>
/// <param name="Id">The first column.</param>
/// <param name="Values">All columns by their names; a NULL is absent.</param>
internal sealed record PackageEvent(string? Id, IReadOnlyDictionary<string, string> Values) : OutputEvent
{
    public static void Tell(IOutput output, PostgresTable packages)
    {
        var table = new Table([.. packages.Columns.Select(column => column.ToUpperInvariant())]);
        foreach (var row in packages.Rows) table.Add([.. row.Select(value => value ?? "NULL")]);
        output.Tell(table, packages.Rows.Select(row => new PackageEvent(
            row[0], packages.Columns.Zip(row).Where(value => value.Second is not null).DistinctBy(value => value.First, StringComparer.Ordinal).ToDictionary(value => value.First, value => value.Second!, StringComparer.Ordinal))));
    }
}
