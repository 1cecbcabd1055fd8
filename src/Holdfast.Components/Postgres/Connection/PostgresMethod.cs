namespace Holdfast.Components.Postgres.Connection;

/// <summary>The method by which a cluster is captured.</summary>
internal enum PostgresMethod
{
    /// <summary>A dump of each database by pg_dump.</summary>
    Dump,

    /// <summary>A copy of its files while it runs, with the WAL that makes them consistent.</summary>
    Base,

    /// <summary>A copy of its files while it is shut down.</summary>
    Cold,
}
