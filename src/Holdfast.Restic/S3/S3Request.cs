namespace Holdfast.Restic.S3;

/// <summary>A request to an object store.</summary>
/// <param name="Method">The method of HTTP.</param>
/// <param name="What">How messages name what it is about.</param>
internal sealed record S3Request(HttpMethod Method, string What)
{
    /// <summary>The object's key; empty for the bucket itself.</summary>
    public string Key { get; init; } = "";

    public IReadOnlyList<(string Name, string Value)> Query { get; init; } = [];

    /// <summary>Headers besides those of every request; all of them are signed.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>What is uploaded; null for nothing.</summary>
    public ReadOnlyMemory<byte>? Body { get; init; }

    /// <summary>The SHA-256 of the body, in hexadecimal digits.</summary>
    public string Payload { get; init; } = S3Signature.EmptyPayload;

    /// <summary>True for what changes something in the bucket.</summary>
    public bool Writes => Method == HttpMethod.Put || Method == HttpMethod.Delete || Method == HttpMethod.Post;
}
