using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Npgsql;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>
/// Memberships of roles that PostgreSQL rejected because of the order in the script. Since version 16 the grantor of a
/// role must hold it with ADMIN OPTION; older servers accepted any grantor, and their pg_dumpall writes grants in the
/// order of names. Such a grant is retried when others exist; finally it is granted by the user of the restore. What is
/// rejected even then is reported, and does not end the restore.
/// </summary>
internal sealed class RefusedGrants(PostgresConnector connector, StepContext context)
{
    /// <summary>
    /// The number of retries: each makes at least one grant, and longer chains do not occur in practice.
    /// </summary>
    private const int Rounds = 20;

    private readonly List<RoleGrant> _left = [];

    /// <summary>Returns whether a rejected statement is a grant of a membership, and keeps it if so.</summary>
    public bool Takes(RefusedStatement refused)
    {
        if (!Refusals.IsOfContent(refused.State)) return false;
        if (RoleGrant.Parse(refused.Statement) is not { } grant) return false;
        _left.Add(grant);
        return true;
    }

    /// <summary>Returns whether the statement was kept.</summary>
    public bool Has(RefusedStatement refused) => RoleGrant.Parse(refused.Statement) is { } grant && _left.Contains(grant);

    /// <summary>Retries the grants at the end of the script.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        if (_left.Count == 0) return;
        await using var session = await LoadSession.OpenAsync(
            connector, connector.Settings.Maintenance, "UTF8", allowsViews: false, cancellation);
        await RetryAsync(session, cancellation);
        await GrantPlainAsync(session, _left.Where(grant => grant.IsAdmin).ToList(), cancellation);
        await RetryAsync(session, cancellation);
        await GrantPlainAsync(session, [.. _left], cancellation);
    }

    private async Task RetryAsync(LoadSession session, CancellationToken cancellation)
    {
        var before = int.MaxValue;
        for (var round = 0; _left.Count > 0 && _left.Count < before && round < Rounds; round++)
        {
            before = _left.Count;
            foreach (var grant in _left.ToList())
                if (await TryAsync(session, grant.Statement, cancellation) is null) _left.Remove(grant);
        }
    }

    private async Task GrantPlainAsync(
        LoadSession session, IReadOnlyList<RoleGrant> grants, CancellationToken cancellation)
    {
        foreach (var grant in grants)
        {
            _left.Remove(grant);
            if (await TryAsync(session, grant.Plain, cancellation) is { } refused)
                context.Warn(Catalogue.PostgresGrant.With(
                    $"{ByteText.Decode(grant.Statement)} is not restored: {refused}"));
            else
                context.Note(
                    $"{ByteText.Decode(grant.Plain)} is granted by \"{connector.Settings.User}\": its grantor may not grant"
                        + $" here ({ByteText.Decode(grant.Statement[grant.Plain.Length..].Trim())}).");
        }
    }

    /// <summary>Runs a grant. Returns the reason when it is rejected; null when it succeeds.</summary>
    private static async Task<string?> TryAsync(
        LoadSession session, string statement, CancellationToken cancellation)
    {
        try
        {
            await session.RunAsItIsAsync(statement, cancellation);
            return null;
        }
        catch (PostgresException refused) when (session.IsOpen && Refusals.IsOfContent(refused.SqlState))
        {
            return ByteText.Decode(PostgresProblem.Sentence(refused));
        }
    }
}
