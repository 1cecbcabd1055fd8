namespace Holdfast.Restic.S3;

/// <summary>A request to an object store.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="What">The object of the request in messages.</param>
internal sealed record S3Request(HttpMethod Method, string What)
{
    /// <summary>The object's key; empty for the bucket itself.</summary>
    public string Key { get; init; } = "";

    public IReadOnlyList<(string Name, string Value)> Query { get; init; } = [];

    /// <summary>Headers in addition to those of every request; all of them are signed.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>The body; null for none.</summary>
    public ReadOnlyMemory<byte>? Body { get; init; }

    /// <summary>The SHA-256 of the body, in hexadecimal digits.</summary>
    public string Payload { get; init; } = S3Signature.EmptyPayload;

    /// <summary>True when the request changes something in the bucket.</summary>
    public bool Writes => Method == HttpMethod.Put || Method == HttpMethod.Delete || Method == HttpMethod.Post;
}
