using System.CommandLine;
using Holdfast.Cli.Output;
using Holdfast.Cli.Output.Events;
using Holdfast.Cli.Sessions;
using Holdfast.Cli.Text;
using Holdfast.Components.Postgres;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;

namespace Holdfast.Cli.Commands;

/// <summary>Finds packages that the platform did not take in, and has them tried again.</summary>
internal static class PackagesCommand
{
    private static readonly Argument<string[]> Ids = new("id") { Description = "Packages, by the first column of the list; all that failed when none is named.", Arity = ArgumentArity.ZeroOrMore };
    private static readonly Option<bool> PlanOnly = new("--plan") { Description = "Only show what would be done." };
    private static readonly Option<bool> Yes = new("--yes", "-y") { Description = "Do not ask." };

    public static Command Make(Launcher launcher) => new("packages", "Finds packages of data that the platform did not take in, and has them tried again.")
    {
        launcher.Start(new Command("failed", "Lists them, by the profile's statement."), FailedAsync),
        launcher.Start(new Command("retry", "Has the platform try them again, as the profile says.") { Ids, PlanOnly, Yes }, RetryAsync),
    };

    private static async Task<ExitCode> FailedAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var failed = await ListAsync(session, cancellation);
        Report(session.Output, failed);
        if (failed.Rows.Count == 0) session.Output.Report(new MessageEvent("No package failed."));
        return ExitCode.Success;
    }

    private static async Task<ExitCode> RetryAsync(Session session, ParseResult parsed, CancellationToken cancellation)
    {
        var before = await ListAsync(session, cancellation);
        var chosen = Chosen(before, parsed.GetRequiredValue(Ids));
        if (chosen.Count == 0)
        {
            session.Output.Report(new MessageEvent("No package failed."));
            return ExitCode.Success;
        }
        var plan = new Plan("packages retry", session.Profile.Platform, [StepOf(session, chosen)]);
        if (parsed.GetValue(PlanOnly) || !parsed.GetValue(Yes))
        {
            Report(session.Output, before with { Rows = [.. before.Rows.Where(row => chosen.Contains(row[0] ?? ""))] });
            session.Output.Report(PlanEvent.Of(plan));
            if (parsed.GetValue(PlanOnly)) return ExitCode.Success;
            await session.ConfirmAsync($"Let platform {Printable.Name(session.Profile.Platform)} try {Amounts.Count(chosen.Count, "package")} again? [y/N]", "Packages would be tried again, and nobody is here to confirm it, so nothing was done.", "It was not confirmed, so nothing was done.", cancellation);
        }
        var outcome = await session.RunAsync(_ => Task.FromResult(plan), cancellation);
        var left = (await ListAsync(session, cancellation)).Rows.Select(row => row[0] ?? "").ToHashSet(StringComparer.Ordinal);
        session.Output.Report(new PackagesRetriedEvent([.. chosen.Where(id => !left.Contains(id))], [.. chosen.Where(left.Contains)]));
        return outcome.Exit;
    }

    /// <summary>By the profile's command, once for each of them, or by its statement, once for all.</summary>
    private static Step StepOf(Session session, List<string> ids)
    {
        var packages = Section(session);
        if (packages.Find("retry") is not { } retry)
            throw Catalogue.PackagesUnset.Throwable("The profile does not say how a package is tried again.", "Say it under 'packages: retry:', by a command ('run') or a statement ('sql').");
        return new Step
        {
            Name = $"Try {ids.Count} packages again",
            Does = retry.Find("sql")?.Text ?? string.Join(' ', retry["run"].Items.Select(word => word.Text)),
            Act = retry.Find("sql") is { } sql
                ? (_, stop) => Cluster(session, packages).ExecuteAsync(packages.Find("database")?.Text, sql.Text, ids, stop)
                : (context, stop) => RunAsync(session.Host, retry, ids, context, stop),
        };
    }

    private static async Task RunAsync(IHost host, ProfileNode retry, List<string> ids, StepContext context, CancellationToken cancellation)
    {
        context.Counters.ItemsTotal = ids.Count;
        foreach (var id in ids)
        {
            var (result, _) = await host.RunAsync(CommandNode.Read(retry, ("{id}", id)), cancellation);
            if (result.ExitCode != 0) throw Catalogue.PackagesRetry.Throwable($"The command for the package '{id}' ended with {result.ExitCode}: {result.Errors.Trim().TrimEnd('.')}.");
            Interlocked.Increment(ref context.Counters.ItemsDone);
        }
    }

    private static List<string> Chosen(PostgresTable failed, string[] ids)
    {
        var all = failed.Rows.Select(row => row[0] ?? "").ToList();
        return Array.Find(ids, id => !all.Contains(id, StringComparer.Ordinal)) is { } unknown
            ? throw Catalogue.PackagesUnset.Throwable($"The package '{unknown}' is not among those that failed.", "See them with 'holdfast packages failed'.")
            : ids.Length == 0 ? all : [.. ids.Distinct(StringComparer.Ordinal)];
    }

    private static Task<PostgresTable> ListAsync(Session session, CancellationToken cancellation)
    {
        var packages = Section(session);
        return Cluster(session, packages).QueryAsync(packages.Find("database")?.Text, packages["failed"].Text, cancellation);
    }

    private static ProfileNode Section(Session session) => session.Profile.Root.Find("packages")
        ?? throw Catalogue.PackagesUnset.Throwable($"The profile {session.Profile.File} does not say how failed packages are found.");

    private static PostgresComponent Cluster(Session session, ProfileNode packages) =>
        session.Components(session.Profile).OfType<PostgresComponent>().First(cluster => packages.Find("postgres") is not { } named || cluster.SourceName == named.Text);

    private static void Report(IOutput output, PostgresTable packages)
    {
        var table = new Table([.. packages.Columns.Select(column => column.ToUpperInvariant())]);
        foreach (var row in packages.Rows) table.Add([.. row.Select(value => value ?? "NULL")]);
        output.Report(table, packages.Rows.Select(row => new PackageEvent(row[0], ValuesOf(packages.Columns, row))));
    }

    /// <summary>The values of a row by the names of its columns, without those that are NULL.</summary>
    private static Dictionary<string, string> ValuesOf(IReadOnlyList<string> columns, IReadOnlyList<string?> row) =>
        columns.Zip(row).Where(value => value.Second is not null).DistinctBy(value => value.First, StringComparer.Ordinal)
            .ToDictionary(value => value.First, value => value.Second!, StringComparer.Ordinal);
}
