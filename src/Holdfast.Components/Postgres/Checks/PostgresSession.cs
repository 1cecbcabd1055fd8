namespace Holdfast.Components.Postgres.Checks;

/// <summary>A session of somebody else. <paramref name="Verb"/> is the first word of its statement: the rest may hold what is nobody's business.</summary>
internal sealed record PostgresSession(int Process, string User, string Database, string Application, string Client, string State, string Verb, double Seconds)
{
    /// <summary>In the middle of something, reading or writing.</summary>
    public bool IsBusy => State.StartsWith("active", StringComparison.Ordinal) || State.StartsWith("idle in transaction", StringComparison.Ordinal) || State == "fastpath function call";

    /// <summary>The server does not tell us what it does: for want of rights, or because it does not keep track.</summary>
    public bool IsHidden => State is "" or "disabled";

    /// <summary>Who it is, as people group them: "shop@orders (gunicorn)".</summary>
    public string Owner => $"{User}@{Database}{(Application.Length > 0 ? $" {Application}" : "")}{(Client.Length > 0 ? $" from {Client}" : "")}";

    public string Describe() => $"process {Process} of {Owner}, {State}{(Verb.Length > 0 ? $" ({Verb})" : "")} for {Seconds:0} s";
}
