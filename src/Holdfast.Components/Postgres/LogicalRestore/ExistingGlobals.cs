using Holdfast.Components.Postgres.Connection;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Engine.Problems;
using Npgsql;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>The roles and tablespaces of a server that are visible to the user of the profile.</summary>
internal sealed class ExistingGlobals
{
    private const string MaySee = "SELECT pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT')";
    private const string Self = "SELECT rolsuper, rolname FROM pg_catalog.pg_roles WHERE rolname = current_user";

    private static readonly string _tablespaces = $"SELECT {SharedName.Ask("spcname")} FROM pg_catalog.pg_tablespace";
    private static readonly string _memberships = $"""
        SELECT {SharedName.Ask("r.rolname")}, {SharedName.Ask("m.rolname")} FROM pg_catalog.pg_auth_members a
            JOIN pg_catalog.pg_roles r ON r.oid = a.roleid JOIN pg_catalog.pg_roles m ON m.oid = a.member
        """;

    /// <summary>The attributes that are reported when they are added, in the words of ALTER ROLE.</summary>
    private static readonly string[] _told = ["SUPERUSER", "LOGIN", "CREATEROLE", "REPLICATION", "BYPASSRLS"];

    private readonly Dictionary<string, (string[] Attributes, string? Password)> _roles = new(StringComparer.Ordinal);
    private bool _hasPasswords;

    private ExistingGlobals()
    {
    }

    /// <summary>Whether the user is a superuser.</summary>
    public bool IsSuper { get; private init; }

    /// <summary>The user of the profile.</summary>
    public string User { get; private init; } = "";

    public IReadOnlySet<string> Roles { get; private set; } = new HashSet<string>(StringComparer.Ordinal);

    public IReadOnlySet<string> Tablespaces { get; private init; } = new HashSet<string>(StringComparer.Ordinal);

    /// <summary>The memberships: a role, and its member.</summary>
    public IReadOnlySet<(string Role, string Member)> Memberships { get; private init; } =
        new HashSet<(string, string)>();

    public static async Task<ExistingGlobals> ReadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var self = (await connection.RowsAsync(Self, row => row, cancellation))[0];
        var tablespaces = await connection.RowsAsync(_tablespaces, row => SharedName.Find(row[0]), cancellation);
        var memberships = await connection.RowsAsync(_memberships, ReadMembership, cancellation);
        var existing = new ExistingGlobals
        {
            IsSuper = self[0] == "t", User = self[1],
            Tablespaces = tablespaces.OfType<string>().ToHashSet(StringComparer.Ordinal),
            Memberships = memberships.ToHashSet(),
            _hasPasswords = await connection.ScalarAsync<bool>(MaySee, cancellation),
        };
        await existing.ReadRolesAsync(connection, cancellation);
        return existing;
    }

    private static (string Role, string Member) ReadMembership(string[] row) =>
        (SharedName.Find(row[0]) ?? "", SharedName.Find(row[1]) ?? "");

    private async Task ReadRolesAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var roles = $"""
            SELECT {SharedName.Ask("rolname")}, concat_ws(' ',
                CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolcanlogin THEN 'LOGIN' END,
                CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolreplication THEN 'REPLICATION' END,
                CASE WHEN rolbypassrls THEN 'BYPASSRLS' END), {(_hasPasswords ? "coalesce(rolpassword, '')" : "''")}
                FROM {(_hasPasswords ? "pg_catalog.pg_authid" : "pg_catalog.pg_roles")}
            """;
        var rows = await connection.RowsAsync(roles, row => (SharedName.Find(row[0]), row[1], row[2]), cancellation);
        foreach (var (name, attributes, password) in rows)
            if (name is not null) _roles[name] = (attributes.Split(' '), password);
        Roles = _roles.Keys.ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Returns what an existing role gains by a statement that sets its attributes.</summary>
    public IEnumerable<string> FindGains(GlobalsStatement statement)
    {
        var (attributes, password) = _roles[statement.Name];
        foreach (var word in statement.Words.Where(word => word.Kind == SqlWordKind.Bare).Select(word => word.Text))
            if (_told.Contains(word) && !attributes.Contains(word)) yield return word;
        var at = statement.Words.ToList().FindIndex(word => word.Is("PASSWORD")) + 1;
        // The user of the profile keeps its attributes.
        if (at == 0 || at == statement.Words.Count || statement.Name == User) yield break;
        if (!_hasPasswords || statement.Words[at].Text != password) yield return "another password";
    }

    /// <summary>
    /// Verifies that the user may give objects to their owners: a user who is not a superuser must be a member of each
    /// owning role.
    /// </summary>
    /// <param name="connection">A session on the server.</param>
    /// <param name="owners">The roles that own restored objects.</param>
    /// <param name="cancellation">Cancels the operation.</param>
    /// <exception cref="ProblemException">An owner is missing, or the user is not a member of it.</exception>
    public async Task RequireOwnersAsync(
        NpgsqlConnection connection, IReadOnlySet<string> owners, CancellationToken cancellation)
    {
        var may = connection.PostgreSqlVersion.Major >= 16 ? "SET" : "MEMBER";
        // Every owner of a database is an implicit member of this role, in that database alone.
        var list = owners.Where(owner => owner != "pg_database_owner").Order(StringComparer.Ordinal)
            .Select(Sql.Literal);
        var refused = await connection.RowsAsync(
            $"""
            SELECT o.name, CASE WHEN r.oid IS NULL THEN 'does not exist' ELSE 'is not a role that it may act as' END
                FROM pg_catalog.unnest(ARRAY[{string.Join(", ", list)}]::text[]) o(name)
                LEFT JOIN pg_catalog.pg_roles r ON r.rolname = o.name WHERE r.oid IS NULL
                    OR NOT (pg_catalog.pg_has_role(r.oid, 'USAGE') AND pg_catalog.pg_has_role(r.oid, '{may}'))
            """, row => $"\"{row[0]}\" {row[1]}", cancellation);
        if (refused.Count > 0)
            throw Catalogue.PostgresPermission.Throwable(
                $"The user \"{User}\" is no superuser and cannot give objects to their owners: "
                    + $"{string.Join("; ", refused)}.",
                $"As a superuser make the roles that are missing and grant each owner to \"{User}\", or restore as a "
                    + "superuser; '--keep-going' lists what is refused.");
    }
}
