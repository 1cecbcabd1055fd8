namespace Holdfast.Engine.Planning;

/// <summary>
/// An action that rolls back a change. It is data, so that <c>holdfast recover</c> can perform it in another process
/// after a crash: <paramref name="Kind"/> names the handler ("postgres.drop-incomplete"), <paramref name="Arguments"/>
/// are its arguments, which JSON can carry: valid Unicode. It never contains secrets.
/// </summary>
public sealed record Undo(string Kind, string Does, IReadOnlyDictionary<string, string> Arguments);
