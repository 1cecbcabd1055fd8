namespace Holdfast.Components.Postgres.Connection;

/// <summary>How a cluster is captured.</summary>
internal enum PostgresMethod
{
    /// <summary>Each database by pg_dump.</summary>
    Dump,

    /// <summary>Its files, while it runs, with the WAL that makes them fit each other.</summary>
    Base,

    /// <summary>Its files, while it is down.</summary>
    Cold,
}
