using Holdfast.Components.Postgres.Points;
using Holdfast.Engine.Problems;
using Npgsql;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>
/// Selects which statements of the script of roles and tablespaces a restore runs: all of them when a superuser
/// restores a whole cluster. Otherwise existing objects are not changed, and only those missing ones are created which
/// the selected databases need; a user who is not a superuser creates none. docs/decisions/0062-roles-of-a-part.md
/// gives the reasons.
/// </summary>
internal sealed class GlobalsChoice
{
    private const int Told = 10;

    private readonly ExistingGlobals _existing;
    private readonly IReadOnlyList<GlobalsStatement> _script;
    private readonly HashSet<string> _dumped, _roles, _tablespaces;

    private GlobalsChoice(
        bool isWhole, ExistingGlobals existing, IReadOnlyList<GlobalsStatement> script, DatabaseRoles? named,
        IReadOnlyList<DatabaseContents> databases)
    {
        (IsWhole, _existing, _script) = (isWhole, existing, script);
        _dumped = [.. Made(GlobalsSubject.Role)];
        _roles = [.. _dumped.Where(role => !existing.Roles.Contains(role))];
        _tablespaces = [.. Made(GlobalsSubject.Tablespace).Where(name => !existing.Tablespaces.Contains(name))];
        if (isWhole) return;
        bool IsUsed(string name) => databases.Any(database => TablespaceFolders.Uses(database, name));
        _tablespaces.RemoveWhere(name => !existing.IsSuper || !IsUsed(name));
        if (!existing.IsSuper) _roles.Clear();
        else if (named is { IsComplete: true }) _roles.IntersectWith(FindNeeded(named));
    }

    /// <summary>True when all statements are run.</summary>
    public bool IsWhole { get; }

    /// <summary>The missing tablespaces that are created.</summary>
    public IReadOnlySet<string> Tablespaces => _tablespaces;

    /// <param name="connection">A session on the server.</param>
    /// <param name="open">Opens the script.</param>
    /// <param name="isPart">Whether only some databases of the cluster are restored.</param>
    /// <param name="databases">The databases that are restored.</param>
    /// <param name="name">Reads the roles that the databases name.</param>
    /// <param name="keepsGoing">Whether objects that the user cannot give to their owners are left out later.</param>
    /// <param name="cancellation">Cancels the operation.</param>
    /// <exception cref="ProblemException">
    /// A user who is not a superuser cannot give all objects to their owners.
    /// </exception>
    public static async Task<GlobalsChoice> FindAsync(
        NpgsqlConnection connection, Func<Task<Stream>> open, bool isPart, IReadOnlyList<DatabaseContents> databases,
        Func<Task<DatabaseRoles>> name, bool keepsGoing, CancellationToken cancellation)
    {
        await using var script = await open();
        var statements = await GlobalsStatement.ReadAsync(script, cancellation);
        var existing = await ExistingGlobals.ReadAsync(connection, cancellation);
        var isWhole = !isPart && existing.IsSuper;
        var named = isWhole ? null : await name();
        if (named is not null && !existing.IsSuper && !keepsGoing)
            await existing.RequireOwnersAsync(connection, named.Owners, cancellation);
        return new GlobalsChoice(isWhole, existing, statements, named, databases);
    }

    /// <summary>Returns whether a statement is run.</summary>
    /// <param name="statement">The text of the statement; each character is a byte.</param>
    public bool Runs(string statement)
    {
        if (IsWhole) return true;
        var parsed = GlobalsStatement.Of(statement);
        return parsed.Subject switch
        {
            GlobalsSubject.Session => parsed.Words is not [_, _, { Text: "AUTHORIZATION" }, var role, ..]
                || (_tablespaces.Count > 0 && IsKnown(role.Text)),
            GlobalsSubject.Role => _roles.Contains(parsed.Name),
            GlobalsSubject.Membership => RunsMembership(parsed.Name, parsed.Words[3].Text),
            GlobalsSubject.Tablespace => _tablespaces.Contains(parsed.Name) && parsed.Grantees.All(IsKnown),
            GlobalsSubject.Parameter => parsed.Grantees.Any(_roles.Contains),
            _ => false,
        };
    }

    /// <summary>Describes the selection for the plan.</summary>
    public string Describe()
    {
        if (IsWhole)
            return "Makes those that are missing; those that exist get the attributes that were recorded."
                + List("New roles with special attributes:", _roles.Where(HasPowers)) + DescribeChanges();
        var tablespaces = _tablespaces.Order(StringComparer.Ordinal).Select(name => $" Makes tablespace \"{name}\".");
        var why = $" The user \"{_existing.User}\" is no superuser, and makes no role or tablespace.";
        return "Leaves roles and tablespaces that exist exactly as they are."
            + $"{List("Makes", _roles)}{string.Concat(tablespaces)}{(_existing.IsSuper ? "" : why)}";
    }

    /// <summary>Returns the notes for the run, as sentences.</summary>
    public IEnumerable<string> Notes()
    {
        List<string> kept = [.. Objects(_existing.Roles.Contains, _existing.Tablespaces.Contains)];
        var what = IsWhole ? "Set as recorded, for it exists" : "Left as it is, for it exists";
        if (kept.Count > 0) yield return $"{what}: {Join(kept, Told)}.";
        if (IsWhole) yield break;
        List<string> left =
        [
            .. Objects(
                role => !_existing.Roles.Contains(role) && !_roles.Contains(role),
                name => !_existing.Tablespaces.Contains(name) && !_tablespaces.Contains(name)),
        ];
        var why = _existing.IsSuper
            ? "for no selected database needs it" : $"for the user \"{_existing.User}\" is no superuser";
        if (left.Count > 0) yield return $"Not made, {why}: {Join(left, Told)}.";
    }

    private IEnumerable<string> Objects(Func<string, bool> isRole, Func<string, bool> isTablespace) =>
        _dumped.Where(isRole).Order(StringComparer.Ordinal).Select(role => $"role \"{role}\"")
            .Concat(Made(GlobalsSubject.Tablespace).Where(isTablespace).Select(name => $"tablespace \"{name}\""));

    private IEnumerable<GlobalsStatement> Statements(GlobalsSubject subject) =>
        _script.Where(statement => statement.Subject == subject);

    private IEnumerable<string> Made(GlobalsSubject subject) =>
        Statements(subject).Where(statement => statement.Makes).Select(statement => statement.Name);

    private IEnumerable<(string Role, string Member)> Memberships =>
        Statements(GlobalsSubject.Membership).Select(statement => (statement.Name, statement.Words[3].Text));

    private bool RunsMembership(string role, string member) =>
        (_roles.Contains(role) || _roles.Contains(member)) && IsKnown(role) && IsKnown(member);

    private bool IsKnown(string role) =>
        _roles.Contains(role) || _existing.Roles.Contains(role) || !_dumped.Contains(role);

    private IEnumerable<string> PowersOf(string role) =>
        Statements(GlobalsSubject.Role).Where(statement => statement.Name == role).SelectMany(made => made.Powers);

    private bool HasPowers(string role) => PowersOf(role).Any();

    /// <summary>
    /// Returns the missing roles that the databases name, with the missing roles that are members of these or of which
    /// these are members.
    /// </summary>
    private HashSet<string> FindNeeded(DatabaseRoles named)
    {
        var needed = _roles.Where(named.Named.Contains).ToHashSet(StringComparer.Ordinal);
        var ofTablespaces = Statements(GlobalsSubject.Tablespace).Where(made => _tablespaces.Contains(made.Name));
        needed.UnionWith(ofTablespaces.SelectMany(statement => statement.Grantees).Where(_roles.Contains));
        var links = Memberships.Where(link => _roles.Contains(link.Role) && _roles.Contains(link.Member))
            .SelectMany(link => new[] { (From: link.Role, To: link.Member), (From: link.Member, To: link.Role) })
            .ToLookup(link => link.From, link => link.To, StringComparer.Ordinal);
        for (var open = new Queue<string>(needed); open.TryDequeue(out var role);)
            foreach (var other in links[role].Where(needed.Add)) open.Enqueue(other);
        return needed;
    }

    private string DescribeChanges()
    {
        var memberships = Memberships.Distinct().Where(link => !_existing.Memberships.Contains(link))
            .ToLookup(link => link.Member, link => $"membership in \"{link.Role}\"", StringComparer.Ordinal);
        var changes = Statements(GlobalsSubject.Role)
            .Where(statement => statement.IsOfAttributes && _existing.Roles.Contains(statement.Name))
            .Select(made => (made.Name, Gains: _existing.FindGains(made).Concat(memberships[made.Name]).ToList()));
        return string.Concat(changes.Where(change => change.Gains.Count > 0)
            .Select(change => $" Role \"{change.Name}\", which exists, gets {string.Join(", ", change.Gains)}."));
    }

    /// <summary>Returns a sentence with a leading space; roles with attributes come first.</summary>
    private string List(string verb, IEnumerable<string> roles)
    {
        var described = roles.Order(StringComparer.Ordinal).Select(DescribeNew).ToLookup(role => role.EndsWith(')'));
        List<string> all = [.. described[true], .. described[false]];
        return all.Count == 0 ? "" : $" {verb} {Join(all, Math.Max(Told, described[true].Count()))}.";
    }

    private string DescribeNew(string role)
    {
        var groups = Memberships.Where(link => link.Member == role && !_roles.Contains(link.Role))
            .Where(link => IsKnown(link.Role)).Select(link => $"member of \"{link.Role}\"");
        var members = Memberships.Where(link => link.Role == role && !_roles.Contains(link.Member))
            .Where(link => IsKnown(link.Member)).Select(link => $"\"{link.Member}\" becomes a member");
        string[] more = [.. PowersOf(role), .. groups, .. members];
        return $"role \"{role}\"{(more.Length > 0 ? $" ({string.Join(", ", more)})" : "")}";
    }

    private static string Join(List<string> names, int told) => names.Count <= told
        ? string.Join(", ", names)
        : $"{string.Join(", ", names.Take(told))} and {names.Count - told} more";
}
