using Holdfast.Components.Postgres.Points;
using Holdfast.Components.Postgres.Scripts;

namespace Holdfast.Components.Postgres.LogicalRestore;

/// <summary>The subject of a statement of pg_dumpall --globals-only.</summary>
internal enum GlobalsSubject
{
    /// <summary>The settings of the session that runs the script.</summary>
    Session,
    Role,
    Membership,
    Tablespace,

    /// <summary>The rights on a configuration parameter.</summary>
    Parameter,
    Other,
}

/// <summary>A statement of the script of roles and tablespaces. Source: pg_dumpall.c.</summary>
/// <param name="Subject">The kind of object that the statement is about.</param>
/// <param name="Name">
/// The name of the role, tablespace or parameter; for a membership, the role that is granted.
/// </param>
/// <param name="Words">All words of the statement.</param>
internal sealed record GlobalsStatement(GlobalsSubject Subject, string Name, IReadOnlyList<SqlWord> Words)
{
    /// <summary>Whether the statement creates the role or tablespace.</summary>
    public bool Makes => Words[0].Is("CREATE");

    /// <summary>Whether the statement sets the attributes of a role.</summary>
    public bool IsOfAttributes =>
        Subject == GlobalsSubject.Role && Words[0].Is("ALTER") && Words.Count > 3 && Words[3].Is("WITH");

    /// <summary>The roles that are granted or revoked a right, and the owner of a tablespace.</summary>
    public IEnumerable<string> Grantees => Words.Zip(Words.Skip(1))
        .Where(pair => pair.First.Is("TO") || pair.First.Is("FROM") || pair.First.Is("OWNER"))
        .Select(pair => pair.Second.Text);

    /// <summary>The attributes that give a role more than the ownership of objects.</summary>
    public IEnumerable<string> Powers => IsOfAttributes
        ? Words.Where(word => word.Kind == SqlWordKind.Bare && _powers.Contains(word.Text)).Select(word => word.Text)
        : [];

    private static readonly string[] _powers = ["SUPERUSER", "CREATEROLE", "REPLICATION", "BYPASSRLS"];

    /// <summary>Parses a statement.</summary>
    /// <param name="statement">The text of the statement; each character is a byte.</param>
    public static GlobalsStatement Of(string statement)
    {
        var words = SqlWords.Of(statement);
        if (words is []) words = [new SqlWord("RESET", SqlWordKind.Bare)];
        if (IsOfSession(words[0])) return new GlobalsStatement(GlobalsSubject.Session, "", words);
        var at = words[0].Is("CREATE") || words[0].Is("ALTER") ? 1 : Find(words, "ON") + 1;
        if (at > 0 && at + 1 < words.Count && SubjectOf(words[at]) is { } subject)
            return new GlobalsStatement(subject, words[at + 1].Text, words);
        if (words[0].Is("GRANT") && words.Count > 3 && words[2].Is("TO"))
            return new GlobalsStatement(GlobalsSubject.Membership, words[1].Text, words);
        return new GlobalsStatement(GlobalsSubject.Other, "", words);
    }

    /// <summary>Reads a script to its end.</summary>
    /// <exception cref="Engine.Problems.ProblemException">The script was not written by pg_dumpall.</exception>
    public static async Task<IReadOnlyList<GlobalsStatement>> ReadAsync(Stream script, CancellationToken cancellation)
    {
        var found = new List<GlobalsStatement>();
        var reader = new ScriptReader(script);
        while (await StatementScript.ReadAsync(reader, DumpPath.Globals, cancellation) is { } statement)
            found.Add(Of(statement.Text));
        return found;
    }

    private static int Find(IReadOnlyList<SqlWord> words, string keyword)
    {
        for (var at = 1; at < words.Count; at++)
            if (words[at].Is(keyword)) return at;
        return -1;
    }

    private static bool IsOfSession(SqlWord word) => word.Is("SET") || word.Is("RESET") || word.Is("SELECT");

    private static GlobalsSubject? SubjectOf(SqlWord word) => word switch
    {
        { Kind: not SqlWordKind.Bare } => null,
        { Text: "ROLE" } => GlobalsSubject.Role,
        { Text: "TABLESPACE" } => GlobalsSubject.Tablespace,
        { Text: "PARAMETER" } => GlobalsSubject.Parameter,
        _ => null,
    };
}
