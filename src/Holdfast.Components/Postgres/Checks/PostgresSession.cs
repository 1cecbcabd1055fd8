namespace Holdfast.Components.Postgres.Checks;

/// <summary>
/// A session of another client. <paramref name="Verb"/> is the first word of its statement: the rest may contain
/// confidential data.
/// </summary>
internal sealed record PostgresSession(int Process, string User, string Database, string Application, string Client, string State, string Verb, double Seconds)
{
    /// <summary>True within a statement or a transaction, reading or writing.</summary>
    public bool IsBusy => State.StartsWith("active", StringComparison.Ordinal) || State.StartsWith("idle in transaction", StringComparison.Ordinal) || State == "fastpath function call";

    /// <summary>
    /// True when the server does not show what the session does: for lack of privileges, or because track_activities is
    /// off.
    /// </summary>
    public bool IsHidden => State is "" or "disabled";

    /// <summary>
    /// User, database, application and client, by which sessions are grouped: "shop@orders (gunicorn)".
    /// </summary>
    public string Owner => $"{User}@{Database}{(Application.Length > 0 ? $" {Application}" : "")}{(Client.Length > 0 ? $" from {Client}" : "")}";

    public string Describe() => $"process {Process} of {Owner}, {State}{(Verb.Length > 0 ? $" ({Verb})" : "")} for {Seconds:0} s";
}
