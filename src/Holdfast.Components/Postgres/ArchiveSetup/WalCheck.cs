using Holdfast.Engine.Checking;
using Holdfast.Engine.Problems;
using Holdfast.Engine.Profiles;
using Holdfast.Restic;

namespace Holdfast.Components.Postgres.ArchiveSetup;

/// <summary>
/// Checks whether the WAL archive of a cluster has no gap and is not far behind its server. A backup can be taken
/// without it, so the result is a warning at most.
/// </summary>
internal sealed class WalCheck(PostgresArchive archive, Func<CancellationToken, Task<RepositorySettings>> settings) : ICheckSource
{
    public string Name => $"wal/{archive.Cluster}";

    public string Question => "archive";

    public async Task<IReadOnlyList<CheckLine>> CheckAsync(CancellationToken cancellation)
    {
        try
        {
            var found = await settings(cancellation);
            await using var repository = await Repository.OpenAsync(found.Backend, found.Password, found.Options, cancellation);
            var status = await archive.ReadStatusAsync(repository, cancellation);
            if (status.Problems.Count > 0) return [.. status.Problems.Select(Line)];
            return [new CheckLine(Name, Question, CheckState.Pass, $"{status.Ranges.Sum(range => range.Segments)} segments to {status.Newest}, {status.Behind ?? 0} behind the server")];
        }
        catch (ResticException missing) when (missing.Error == ResticError.NoRepository)
        {
            return [new CheckLine(Name, Question, CheckState.Unknown, missing.Message)]; // the repository's own check has the hint
        }
        catch (Exception failure) when (failure is ProblemException or ResticException)
        {
            return [CheckLine.Unanswered(Name, Question, failure.ToProblem())];
        }
    }

    /// <summary>Formats a problem. Archiving that was never switched on is not an error: it is optional.</summary>
    private CheckLine Line(Problem problem) => problem.Code == Catalogue.ArchivingOff.Code
        ? new CheckLine(Name, Question, CheckState.Pass, "off: what is written between two backups is lost with the server") { Hint = problem.Hint }
        : new CheckLine(Name, Question, problem.Exit == ExitCode.Unreachable ? CheckState.Unknown : CheckState.Warn, problem.Message) { Hint = problem.Hint };
}
