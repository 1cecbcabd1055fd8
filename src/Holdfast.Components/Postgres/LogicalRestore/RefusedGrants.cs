using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;
using Npgsql;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>
/// Memberships of roles that PostgreSQL refused in the order of the script. Since version 16 whoever grants a role must
/// hold it with ADMIN OPTION; older servers
/// took any grantor, and their pg_dumpall writes grants in the order of names. Such a grant is tried again when others
/// are there; then it is granted by the user of the
/// restore. What is refused even so is named, and ends nothing.
/// </summary>
internal sealed class RefusedGrants(PostgresConnector connector, StepContext context)
{
    /// <summary>
    /// Rounds of trying again: each makes at least one grant, and longer chains than this are no person's.
    /// </summary>
    private const int Rounds = 20;

    private readonly List<RoleGrant> _left = [];

    /// <summary>Whether a refused statement is one, which is kept then.</summary>
    public bool Takes(RefusedStatement refused)
    {
        if (!Refusals.IsOfContent(refused.State)) return false;
        if (RoleGrant.Parse(refused.Statement) is not { } grant) return false;
        _left.Add(grant);
        return true;
    }

    /// <summary>Whether it was taken.</summary>
    public bool Has(RefusedStatement refused) => RoleGrant.Parse(refused.Statement) is { } grant && _left.Contains(grant);

    /// <summary>Tries them again when the script is at its end.</summary>
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

    /// <summary>What it was refused for; null when it was not.</summary>
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
